"""The commands. The functions here choose the parts; the work is in a module per command."""

from __future__ import annotations

import traceback

CTRL_C = 130  # typer's exit code for a KeyboardInterrupt
SIGNAL = 128  # exit codes above are those of signals; after a hang-up nothing can be printed either


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    from ..replay.exit_codes import Exit, worst
    from .output import discard, flush

    code = _run(arguments)
    end = flush()
    if code > SIGNAL:
        discard("stdout")  # what a closed terminal does not take would change the exit code
        discard("stderr")
        return code
    return code if end is Exit.OK else worst({Exit(code), end})


def _run(arguments: list[str]) -> int:
    from ..errors import WorkbenchError
    from ..machine import machine_error
    from ..replay.exit_codes import Exit
    from .app import COMMANDS, build
    from .output import StreamClosed, discard, print_error, print_status

    only = ""
    try:
        only = arguments[0] if arguments and arguments[0] in COMMANDS else ""
        code = int(build(only)(arguments, prog_name="workbench", standalone_mode=False) or 0)
        if code == CTRL_C:
            raise KeyboardInterrupt
        return code
    except WorkbenchError as error:
        print_error(error)
        return Exit.USAGE_ERROR
    except KeyboardInterrupt:
        print_status("interrupted")
        return Exit.INTERRUPTED
    except (BrokenPipeError, StreamClosed):
        discard("stdout")  # the reader closed the stream; there is nothing left to say
        discard("stderr")
        return Exit.INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):  # usage errors of click
            if type(error).__name__ == "Abort":
                return Exit.INTERRUPTED
            print_status(f"error {error.format_message()}")
            print_status(f"  next: workbench {only} --help".replace("  --help", " --help"))
            return Exit.USAGE_ERROR
        if type(error).__name__ == "Abort":
            print_status("interrupted")
            return Exit.INTERRUPTED
        if type(error).__name__ == "Exit":
            return int(getattr(error, "exit_code", 0))
        problem = machine_error(error)
        if problem is not None:
            print_error(problem)
            return Exit.USAGE_ERROR
        print_status("This is a bug of Workbench, not of your journeys:")
        print_status("".join(traceback.format_exception(error)))
        return Exit.INTERNAL_ERROR
