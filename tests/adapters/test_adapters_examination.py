"""The examination of implementations before the run: real modules, imported by a real worker."""

import socket
import sys
from textwrap import dedent

import pytest

from conformance.model.examined import OWN, PLAIN
from conformance.runner import examining
from conformance.runner.launch import OWN as HERE
from conformance.worker.adapters import NoSuchImplementation, adapter_for

MODULES = {
    "mine.py": """
        import os
        import socket

        from conformance.model.errors import Unsupported
        from conformance.worker.adapters import ShapedAdapter


        class Mine:
            def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
                self._sock = socket.socket(family, type, proto, fileno)

            def __getattr__(self, name):
                return getattr(self._sock, name)

            def accept(self):
                sock, address = self._sock.accept()
                return Mine(fileno=sock.detach()), address

            def dup(self):
                return Mine(fileno=self._sock.dup().detach())


        class AcceptsPlain(socket.socket):
            pass


        class WrapsNothing(Mine):
            accept = dup = property(lambda self: None)

            def __getattribute__(self, name):
                return getattr(self._sock, name) if name in ("accept", "dup") else super().__getattribute__(name)


        class Connected:
            def __init__(self, host, port, *, loop):
                pass


        class NeedsLoop:
            def __init__(self, *arguments, **keywords):
                raise RuntimeError("there is no\\nrunning loop.")


        class ExitsWhenCalled:
            def __init__(self, *arguments, **keywords):
                os._exit(3)


        class Awaited(socket.socket):
            async def accept(self):
                pass


        class ConnectIsAwaited(socket.socket):
            def connect(self, address):
                async def later():
                    pass

                return later()


        class Refuses(socket.socket):
            def connect(self, address):
                raise OSError(5, "no way")


        class AbortsInAccept(socket.socket):
            def accept(self):
                os.abort()


        class HangsInAccept(socket.socket):
            def accept(self):
                while True:
                    pass


        class HasNoAccept(socket.socket):
            accept = property()


        class OnlyDatagrams(ShapedAdapter):
            def __init__(self):
                super().__init__(Mine, "datagrams")

            def socket(self, family, type, protocol):
                raise Unsupported("this library has no TCP")


        async def coroutine(family, type, proto):
            pass


        def generator(family, type, proto):
            yield


        def text(family, type, proto):
            return "a socket"


        def plain(family=-1, type=-1, proto=-1, fileno=None):
            return socket.socket(family, type, proto, fileno)


        three = 3
    """,
    "empty.py": "",
    "importing_it.py": "import socket\n\n\nclass Its(socket.socket):\n    pass\n",
    "slip.py": "import socket\n\ndef f(:\n    pass\n",
    "exits.py": "import sys\nsys.exit('usage: exits')\n",
    "stops.py": "raise KeyboardInterrupt\n",
    "raises.py": "def f():\n    raise RuntimeError('not today.')\n\n\nf()\n",
    "needs.py": "import no_such_thing\n",
    "crashes.py": "import os\nos.abort()\n",
    "leaves.py": "import os\nos._exit(7)\n",
    "hangs.py": "import threading\nthreading.Event().wait(600)\n",
    "noisy.py": "import socket\nprint('{\"examined\": 1}')\n\n\nclass Noisy(socket.socket):\n    pass\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the modules above."""
    for name, text in MODULES.items():
        (tmp_path / name).write_text(dedent(text), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examined(name):
    return examining.examined(HERE, [name])[name]


REFUSED = {
    "mine.py:Mien": 'mine.py has no "Mien"; did you mean "Mine"?',
    "mine.py": "the module socket, which cannot be called; name what makes sockets in it: mine.py:Mine",
    "mine": "name what makes sockets in it: mine:Mine or mine:AcceptsPlain",
    "importing_it": "name what makes sockets in it: importing_it:Its",
    "empty.py": 'without a class or function "socket"; nothing in it is shaped like socket.socket; a library of',
    "os": 'os is a module without a class or function "socket"; nothing in it is shaped like socket.socket',
    "asyncio": 'asyncio is a module without a class or function "socket"',
    "mine.py:three": "mine.py:three is of type int, which cannot be called; name a class or function",
    "mine.py:Connected": "mine.py:Connected cannot be called with (family, type, proto): too many positional arguments",
    "mine.py:NeedsLoop": "with (family, type, proto) raised RuntimeError: there is no running loop; name a ",
    "mine.py:ExitsWhenCalled": "calling it ends the process, which exited with status 3",
    "mine.py:coroutine": "returns a coroutine, to be awaited; write an adapter that awaits it",
    "mine.py:generator": "calling mine.py:generator returns a generator, not a socket",
    "mine.py:text": "gives an object of type str without connect, send, recv, close, fileno; it must be shaped like",
    "mine.py:Awaited": "accept() of its Awaited is a coroutine function; write an adapter that awaits it",
    "mine.py:ConnectIsAwaited": "connect() returns a coroutine, to be awaited; write an adapter that awaits it",
    "slip.py:Mine": "slip.py:3: invalid syntax; Python ",
    "exits.py:Mine": "exits.py:2 ends the program (SystemExit) while it is imported; move that below if __name__ ==",
    "stops:Mine": "importing stops raised KeyboardInterrupt at ",
    "raises.py": "importing raises.py raised RuntimeError: not today at ",
    "needs.py:Mine": f"needs.py:1 imports no_such_thing, which is not installed; install it for {sys.executable}",
    "crashes:Mine": "importing it ends the process, which was killed by SIGABRT",
    "leaves:Mine": "importing it ends the process, which exited with status 7",
    "nowhere.py:Mine": "there is no file nowhere.py; paths begin at ",
    "nowhere:Mine": "there is no module nowhere for ",
    "mine.inner:Mine": "there is no module mine.inner for ",
    "json.tool:man": 'json.tool has no "man"; did you mean "main"?',
    "gevnt": f'there is no module gevnt for {sys.executable}; did you mean "gevent"?',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line_with_the_remedy(folder, name):
    mistake = examined(name).mistake
    assert mistake.startswith(f"the implementation {name} cannot be used: ")
    assert REFUSED[name] in mistake
    assert len(mistake.splitlines()) == 1


@pytest.mark.parametrize("library", ["gevent", "trio"])
def test_an_adapter_without_its_library_names_the_extra(folder, library):
    (folder / library).mkdir()  # hides the library: a package without "socket" in it
    (folder / library / "__init__.py").write_text(
        f"raise ModuleNotFoundError('No module named {library}', name='{library}')\n", "utf-8"
    )
    found = examined(library)
    assert found.absent == library
    assert f"pip install 'socket-conformance[{library}]'" in found.mistake


def test_a_hang_ends_the_examination_after_a_while(folder, monkeypatch):
    monkeypatch.setattr(examining, "LIMIT", 0.5)
    assert "importing it does not end within" in examined("hangs.py:Mine").mistake
    assert "accept() does not end within" in examined("mine.py:HangsInAccept").note


def test_a_worker_that_hung_or_died_is_replaced_for_the_next_implementation(folder):
    found = examining.examined(HERE, ["crashes:Mine", "stdlib", "mine.py:Mine"])
    assert list(found) == ["crashes:Mine", "mine.py:Mine"]
    assert [bool(each.mistake) for each in found.values()] == [True, False]


USABLE = {
    "mine.py:Mine": ({"accept": OWN, "dup": OWN, "socketpair": OWN}, ""),
    "mine.py:plain": ({"accept": OWN, "dup": OWN, "socketpair": OWN}, ""),
    "mine.py:AcceptsPlain": (
        {"accept": PLAIN, "dup": OWN, "socketpair": OWN},
        "accept() gives plain sockets, so this run does not test the server's side of connections",
    ),
    "mine.py:WrapsNothing": (
        {"accept": PLAIN, "dup": PLAIN, "socketpair": OWN},
        "accept() and dup() give plain sockets, so this run does not test the server's side of connections and",
    ),
    "mine.py:Refuses": ({"dup": OWN, "socketpair": OWN}, "connect() raised OSError: [Errno 5] no way, so cells that"),
    "mine.py:AbortsInAccept": ({}, "accept() ends the process, which was killed by SIGABRT, so cells that need it"),
    "mine.py:HasNoAccept": ({"dup": OWN, "socketpair": OWN}, "accept() raised AttributeError"),
    "noisy.py:Noisy": ({"accept": PLAIN, "dup": OWN, "socketpair": OWN}, "accept() gives plain sockets"),
    "mine.py:OnlyDatagrams": ({}, ""),
    "socket": ({"accept": OWN, "dup": OWN, "socketpair": OWN}, ""),
}


@pytest.mark.parametrize("name", USABLE)
def test_what_can_be_used_is_noted_where_a_part_is_not_tested(folder, name):
    gives, note = USABLE[name]
    found = examined(name)
    assert (found.mistake, found.gives) == ("", gives)
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.parametrize("name", ["gevent", "trio"])
def test_the_adapters_that_come_along_give_their_own_sockets(name):
    pytest.importorskip(name)
    found = examined(name)
    assert (found.mistake, found.note) == ("", "")
    assert set(found.gives.values()) == {OWN}


def test_the_version_is_that_of_the_library_that_the_worker_imported(folder):
    gevent = pytest.importorskip("gevent")
    found = examined("gevent")
    assert found.version == gevent.__version__
    assert found.path == sys.modules["gevent.socket"].__file__ if "gevent.socket" in sys.modules else found.path


def test_a_file_that_hides_an_installed_library_does_not_get_its_version(folder):
    (folder / "click.py").write_text("from socket import socket\n", "utf-8")
    found = examined("click")
    assert (found.path, found.version) == (str(folder / "click.py"), None)
    (folder / "click.py").write_text("from socket import socket\n__version__ = '0.1'\n", "utf-8")
    assert examined("click").version == "0.1"


def test_a_distribution_may_have_another_name_than_its_package(folder):
    (folder / "sock_thing.py").write_text("from socket import socket\n", "utf-8")
    info = folder / "PySockThing-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: PySockThing\nVersion: 2.5\n", "utf-8")
    (info / "top_level.txt").write_text("sock_thing\n", "utf-8")
    assert examined("sock_thing").version == "2.5"
    (info / "top_level.txt").unlink()
    (info / "RECORD").write_text("sock_thing.py,,\n", "utf-8")
    assert examined("sock_thing").version == "2.5"


@pytest.mark.parametrize("name", ["no_such_library", "slip.py", "exits.py", "socket:Sokcet", "mine.py:three"])
def test_an_adapter_says_in_one_line_why_there_is_none(folder, name):
    with pytest.raises(NoSuchImplementation) as caught:
        adapter_for(name)
    assert len(str(caught.value).splitlines()) == 1


def test_stdlib_needs_no_worker(monkeypatch):
    monkeypatch.setattr(examining, "WorkerProcess", lambda *_: pytest.fail("a worker was started"))
    assert examining.examined(HERE, ["stdlib"]) == {}


def test_a_machine_without_the_loopback_address_is_not_held_against_it(folder, monkeypatch):
    from conformance.worker.adapters import examination

    def lacking(self, address):
        raise OSError(99, "no such address")

    monkeypatch.setattr(socket.socket, "bind", lacking, raising=False)
    last = list(examination.examine("mine.py:Mine"))[-1]
    assert last.mistake == ""
