"""A Jupyter Server extension: kernel messages leave at once.

Jupyter Server leaves Nagle's algorithm on. Together with the browser's delayed acknowledgement it holds every second
small message back for 40 ms, and a slider sends many. `start.py` loads this.
"""


def _jupyter_server_extension_points():
    return [{"module": __name__}]


def _load_jupyter_server_extension(app):
    """Let each kernel websocket set TCP_NODELAY as it connects; a server that changed keeps its delay and runs on."""
    try:
        settings = app.web_app.settings
        settings["kernel_websocket_connection_class"] = without_delay(settings["kernel_websocket_connection_class"])
    except (AttributeError, KeyError, TypeError) as error:
        app.log.warning("course_lib.nodelay does not fit this Jupyter Server: %r", error)


def without_delay(connection_class):
    class NoDelayConnection(connection_class):
        def connect(self):
            try:
                self.websocket_handler.set_nodelay(True)
            except Exception as error:  # whatever changed, the kernel is worth more than 40 ms
                self.log.warning("course_lib.nodelay could not set TCP_NODELAY: %r", error)
            return super().connect()

    return NoDelayConnection
