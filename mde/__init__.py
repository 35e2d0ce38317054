"""The nouns on which every stage agrees: depth, camera, bins, records, checkpoints, networks.

Conventions, fixed here once:

* **Units** are metres, pixels, radians and seconds, and stand in the name (`depth_m`, `f_px`).
* **Depth is z**, the distance along the optical axis. Distance along a pixel's ray is called
  range (`range_m`), is converted at the door and is never stored.
* **Invalid depth** is decided by the boolean mask `valid`; depth is 0 where `valid` is False.
* **Cameras** are pinholes with OpenCV axes (+x right, +y down, +z forward) and pixel centres at
  half-integers: column j is u = j + 0.5 and the image spans [0, width].
* **Images** between stages are RGB, float32 in [0, 1], sRGB, shaped (3, H, W); uint8 on disk.
  Each network normalises for itself, so teacher and student can be given the same tensor.
* **Real images** are opened after training, by `eval.run`, `eval.predict` and `eval.calibrate`, and by
  `adapt.moments` at the owner's; nothing that the first three write is an input of training.
* **Networks** map `image` (B,3,H,W) to `depth_m` (B,1,H,W) at input size; whatever else they
  answer is a named field of their `Output`.
* **Resampling** uses `align_corners=False`; depth is resized by nearest neighbour.
* **Chance** is an argument: every sampler takes its generator or its (seed, index).
"""

from mde.offline import stay_offline

stay_offline()
