"""The old name of ``conformance.mutants``: ``-i conformance.wrong.MODULE:CLASS`` still works."""

from conformance import mutants

__path__ = mutants.__path__
