"""A Jupyter Server extension, loaded by `start.py`: its token holds, it ends with who started it, its kernels'
messages leave at once, a card that was saved is there without its kernel, and slides have large type."""

import json
import os
import threading
import time
from pathlib import Path

from jupyter_core.utils import ensure_async

PATIENCE = 3  # seconds that kernels have to end in their own way
VIEW = "application/vnd.jupyter.widget-view+json"
KEPT = "course_view"  # where a saved output's metadata keeps its live view


def _jupyter_server_extension_points():
    return [{"module": __name__}]


def _load_jupyter_server_extension(app):
    """Add each of these by itself: a Jupyter Server that has changed does without the one that no longer fits."""
    token = os.environ.pop("COURSE_TOKEN", None)
    os.environ.pop("JUPYTER_TOKEN", None)  # kernels and terminals inherit what is left
    if token:
        belong_to_starter(app, token)
    for add in (send_at_once, save_twins, large_type):
        try:
            add(app)
        except (AttributeError, KeyError, TypeError) as error:
            app.log.warning("course_lib.server: %s does not fit this Jupyter Server: %r", add.__name__, error)


def belong_to_starter(app, token: str) -> None:
    """Take the starter's token, whatever the user's configuration says; tell it the address; end when it ends."""
    identity, loop = app.identity_provider, app.io_loop
    identity.token = token

    def announce():
        print(json.dumps({"url": app.connection_url, "guarded": identity.auth_enabled and identity.token == token}), flush=True)

    def watch():
        try:
            while os.read(0, 1024):  # ends when the starter closes it, or dies; where it cannot be read, nobody could end us
                pass
            loop.add_callback(app.stop)
            end = time.monotonic() + PATIENCE
            while loop.asyncio_loop.is_running() and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            os._exit(0)  # a thread that reads files may hold an ordinary exit back for ever

    loop.add_callback(loop.add_callback, announce)  # in the loop's second round, when the port is bound
    threading.Thread(target=watch, daemon=True).start()


def large_type(app) -> None:
    """The lecture's style sheet, where JupyterLab is asked for one (`LabApp.custom_css`): large type on slides, nothing elsewhere."""
    app.web_app.settings["static_custom_path"].insert(0, str(Path(__file__).parent / "lecture"))


def send_at_once(app) -> None:
    """Set TCP_NODELAY on each kernel websocket: Jupyter Server leaves Nagle's algorithm on, which together with the browser's delayed
    acknowledgement holds every second small message back for 40 ms, and a slider sends many."""
    settings = app.web_app.settings
    settings["kernel_websocket_connection_class"] = without_delay(settings["kernel_websocket_connection_class"])


def without_delay(connection_class):
    class NoDelayConnection(connection_class):
        def connect(self):
            try:
                self.websocket_handler.set_nodelay(True)
            except Exception as error:  # whatever changed, the kernel is worth more than 40 ms
                self.log.warning("course_lib.server could not set TCP_NODELAY: %r", error)
            return super().connect()

    return NoDelayConnection


def save_twins(app) -> None:
    """Store what has both a live view and a twin as the twin alone, which needs no kernel; a reader whose kernel still runs
    gets the live view back, as after a reload of the page."""
    contents, plain = app.contents_manager, app.contents_manager.get
    contents.register_pre_save_hook(lambda model, **_: put_away(model))

    async def get(path, *args, **kwargs):
        model = await ensure_async(plain(path, *args, **kwargs))
        if _outputs(model):
            sessions = await ensure_async(app.session_manager.list_sessions())
            kernels = [session["kernel"]["id"] for session in sessions if session["path"] == model["path"]]
            bring_back(model, {app.kernel_manager.get_kernel(kernel).provisioner.pid for kernel in kernels})
        return model

    contents.get = get


def _outputs(model: dict) -> list[dict]:
    cells = model["content"]["cells"] if model["type"] == "notebook" and model.get("content") else []
    return [output for cell in cells for output in cell.get("outputs", []) if "data" in output]


def put_away(model: dict) -> None:
    for output in _outputs(model):
        if VIEW in output["data"] and "text/html" in output["data"]:
            output.setdefault("metadata", {})[KEPT] = output["data"].pop(VIEW)


def bring_back(model: dict, alive: set[int]) -> None:
    """`alive` are the processes of this notebook's kernels: a restarted one has forgotten its cards."""
    for output in _outputs(model):
        view = output.get("metadata", {}).pop(KEPT, None)
        if view and view.get("pid") in alive:
            output["data"][VIEW] = view
