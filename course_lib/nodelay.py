def _jupyter_server_extension_points(): return [{"module":"course_lib.nodelay"}]
def _load_jupyter_server_extension(app): pass
