"""The scenario language: YAML files to typed scenarios, every mistake with its place. Only the controller needs it."""
