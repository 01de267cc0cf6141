"""The extension against a real Jupyter Server, and against one that has changed under it."""

import asyncio
import gc
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import start
from course_lib import server


async def serve():
    """Print whether the server's ends of its kernel websockets have TCP_NODELAY: one of ours, then also a plain one."""
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
    from tornado.websocket import websocket_connect

    app = ServerApp()
    app.initialize([start.EXTENSION, "--ip=127.0.0.1", "--port=0", "--no-browser", "--allow-root"])
    kernel = await app.kernel_manager.start_kernel()
    address = f"ws://127.0.0.1:{app.port}/api/kernels/{kernel}/channels?token={app.identity_provider.token}"
    header = {"msg_type": "kernel_info_request", "msg_id": "1", "session": "1", "username": "", "version": "5.3"}
    request = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": {}}

    async def connect():
        client = await websocket_connect(address)
        await client.write_message(json.dumps(request))
        await client.read_message()  # once the kernel has answered through it, the connection stands
        handlers = [found for found in gc.get_objects() if isinstance(found, KernelWebsocketHandler)]
        sockets = [handler.ws_connection.stream.socket for handler in handlers]
        return sorted(end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0 for end in sockets)

    ours = await connect()
    settings = app.web_app.settings
    settings["kernel_websocket_connection_class"] = settings["kernel_websocket_connection_class"].__base__
    print(json.dumps([ours, await connect()]))
    await app.kernel_manager.shutdown_kernel(kernel, now=True)


def test_a_kernel_websocket_sends_at_once(tmp_path):
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path), "PYTHONPATH": str(start.ROOT)}
    command = [sys.executable, __file__]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout, done.stderr
    ours, with_a_plain_one = json.loads(done.stdout)
    assert ours == [True]
    assert with_a_plain_one == [False, True], "Jupyter Server sets TCP_NODELAY itself now: send_at_once can go"


def test_a_server_without_the_setting_runs_on(caplog):
    for app in (SimpleNamespace(web_app=SimpleNamespace(settings={})), SimpleNamespace()):
        app.log = logging.getLogger("server")
        server._load_jupyter_server_extension(app)
        assert "does not fit" in caplog.text
        caplog.clear()


def test_a_lectures_style_sheet_is_found_before_another(tmp_path):
    (tmp_path / "custom.css").write_text("")
    found = [str(tmp_path)]
    server.large_type(SimpleNamespace(web_app=SimpleNamespace(settings={"static_custom_path": found})))
    assert next(sheet for folder in found if (sheet := Path(folder) / "custom.css").exists()).read_text()


def test_kernels_inherit_no_token(monkeypatch):
    given = []
    monkeypatch.setattr(server, "belong_to_starter", lambda app, token: given.append(token))
    for name in ("COURSE_TOKEN", "JUPYTER_TOKEN"):
        monkeypatch.setenv(name, "secret")
    server._load_jupyter_server_extension(SimpleNamespace(log=logging.getLogger("server")))
    assert given == ["secret"] and "secret" not in os.environ.values()


def test_a_connection_without_a_handler_connects(caplog):
    class Connection:
        log = logging.getLogger("server")

        def connect(self):
            return "connected"

    assert server.without_delay(Connection)().connect() == "connected"
    assert "could not set" in caplog.text


def saved(**outputs) -> dict:
    """A notebook as the server handles it, with one output for each of these bundles."""
    made = [{"output_type": "execute_result", "metadata": {}, "data": dict(data)} for data in outputs.values()]
    cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": made}]
    return {"type": "notebook", "path": "a.ipynb", "content": {"cells": cells}}


def test_a_live_view_is_put_away_where_it_has_a_twin_and_comes_back_for_its_own_kernel_alone():
    view = {"model_id": "1", "pid": 42}
    card, plain, other = {"text/html": "<p>", server.VIEW: view}, {"text/plain": "3"}, {server.VIEW: view, "text/plain": "IntSlider()"}
    model, stored = saved(card=card, plain=plain, other=other), saved(card={"text/html": "<p>"}, plain=plain, other=other)
    server.put_away(model)
    stored["content"]["cells"][1]["outputs"][0]["metadata"] = {server.KEPT: view}
    assert model == stored
    server.bring_back(model, {42})
    assert model == saved(card=card, plain=plain, other=other)
    server.put_away(model)
    server.bring_back(model, {7})
    assert model == saved(card={"text/html": "<p>"}, plain=plain, other=other), "and leaves nothing behind"


def test_what_is_no_notebook_or_has_no_content_is_left_alone():
    for model in ({"type": "file", "content": "x"}, {"type": "notebook", "content": None}, {"type": "directory", "content": []}):
        before = str(model)
        server.put_away(model)
        server.bring_back(model, set())
        assert str(model) == before


def outcome(coroutine):
    """What it gives, where it waits for nothing: another test of this process may have a loop that runs."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value


def test_a_live_view_comes_back_for_a_kernel_of_its_own_notebook_alone():
    view = {"model_id": "1", "pid": 42}
    model = saved(card={"text/html": "<p>", server.VIEW: view})
    server.put_away(model)
    stored = json.dumps(model)
    path = "another.ipynb"

    async def get(*_):
        return json.loads(stored)

    async def sessions():
        return [{"kernel": {"id": "k"}, "path": path}]

    app = SimpleNamespace(
        contents_manager=SimpleNamespace(get=get, register_pre_save_hook=lambda hook: None),
        session_manager=SimpleNamespace(list_sessions=sessions),
        kernel_manager=SimpleNamespace(get_kernel=lambda kernel: SimpleNamespace(provisioner=SimpleNamespace(pid=42))),
    )
    server.save_twins(app)
    assert server.VIEW not in json.dumps(outcome(app.contents_manager.get("a.ipynb"))["content"]["cells"][1]["outputs"][0]["data"])
    path = "a.ipynb"
    assert outcome(app.contents_manager.get("a.ipynb")) == saved(card={"text/html": "<p>", server.VIEW: view})


if __name__ == "__main__":
    asyncio.run(serve())
