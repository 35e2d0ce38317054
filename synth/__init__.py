"""Stage one: seed -> procedural scene -> rendered record. No real image is read, no file is fetched.

World axes: x right, y forward, z up, metres; the floor or the road under the camera is z = 0.
"""
