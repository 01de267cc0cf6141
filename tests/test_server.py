"""The extension against a real Jupyter Server, and against one that has changed under it."""

import asyncio
import gc
import json
import logging
import os
import socket
import subprocess
import sys
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
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90)
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


def test_a_connection_without_a_handler_connects(caplog):
    class Connection:
        log = logging.getLogger("server")

        def connect(self):
            return "connected"

    assert server.without_delay(Connection)().connect() == "connected"
    assert "could not set" in caplog.text


if __name__ == "__main__":
    asyncio.run(serve())
