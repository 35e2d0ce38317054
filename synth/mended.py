"""Mended: pyrender's own renderer with its faults put right, and nothing else changed.

1. It draws in the order of a `set`: here by the names of the meshes, which the caller numbers near to far.
2. Its shadow filter looks 36 times into a map of 2048 pixels over the whole scene: here 4 times into one of 1024
   that is fitted to the view, with an offset along the normal instead of a constant bias, and no shadow off the map.
3. It has no cut-outs: here a texel whose alpha is below one half is a hole in the picture.
4. Its alpha is the texture's: here it is the share of the pixel that anything covers.
5. It deletes and loads again the textures that two scenes do not share: here they stay.
6. All things cast shadows: here those whose mesh name ends in NO_SHADOW do not.
7. Surfaces seen from behind cast none, so the sun shines through walls: here both sides do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synth.gl import open_pyrender

NO_SHADOW = "/no shadow"
SHADOW_PX = 1024
SHADOW_CALC = """float shadow_calc(mat4 light_matrix, sampler2D shadow_map, float nl)
{
    vec4 clip = light_matrix * vec4(frag_position, 1.0);
    vec3 across = vec3(light_matrix[0][0], light_matrix[1][0], light_matrix[2][0]);
    float texel_m = 2.0 * clip.w / (length(across) * float(textureSize(shadow_map, 0).x));
    clip = light_matrix * vec4(frag_position + normalize(frag_normal) * (1.5 * texel_m), 1.0);
    vec3 place = clip.xyz / clip.w * 0.5 + 0.5;
    vec3 inside = step(vec3(0.004), place) * step(place, vec3(0.996));
    float blocked = texture2DShadowLerp(shadow_map, vec2(textureSize(shadow_map, 0)), place.xy, place.z - 0.00002);
    return blocked * inside.x * inside.y * inside.z;
}
"""
TEXTURE_LINE = "base_color = base_color * srgb_to_linear(texture(material.base_color_texture, uv_0));"
COLOUR_LINE = "frag_color = clamp(vec4(pow(color.xyz, vec3(1.0/2.2)), color.a * base_color.a), 0.0, 1.0);"


def mended_shader(text: str) -> str:
    """The text of pyrender's mesh.frag with faults 2 to 4 put right.

    Raises AssertionError when the text is not that of pyrender 0.1.45.
    """
    begin = text.index("float shadow_calc(")
    end = text.index("\n}\n", begin) + len("\n}\n")
    text = text[:begin] + SHADOW_CALC + text[end:]
    for line, mended in (
        (TEXTURE_LINE, TEXTURE_LINE + "\n    if (base_color.a < 0.5) discard;"),
        (COLOUR_LINE, "frag_color = vec4(clamp(pow(color.xyz, vec3(1.0/2.2)), 0.0, 1.0), 1.0);"),
    ):
        assert text.count(line) == 1, "pyrender's shader is not the one of version 0.1.45"
        text = text.replace(line, mended)
    return text


def mended_renderer() -> Any:
    """A `pyrender.Renderer` of 1x1 pixels without the faults; set its viewport before each picture.

    Its attribute `shadow_views` maps lights to (4,4) clip_from_world matrices of their shadow maps.
    Raises InputError when OpenGL is missing.
    """
    gl = open_pyrender().gl
    from pyrender import Renderer, RenderFlags
    from pyrender.shader_program import ShaderProgram, ShaderProgramCache

    class Program(ShaderProgram):
        def _load(self, shader_filename: str) -> Any:
            text = super()._load(shader_filename)
            return mended_shader(text) if shader_filename.endswith("mesh.frag") else text

    class Programs(ShaderProgramCache):
        def get_program(self, *args: Any, **options: Any) -> Any:
            program = super().get_program(*args, **options)
            program.__class__ = Program  # its text is read later, when it is first used
            return program

    class Mended(Renderer):
        def __init__(self) -> None:
            super().__init__(1, 1)
            self._program_cache = Programs()
            self._is_shadow_pass = False
            self.shadow_views: Mapping[Any, np.ndarray] = {}

        def _sorted_mesh_nodes(self, scene: Any) -> list[Any]:
            nodes = sorted(scene.mesh_nodes, key=lambda node: node.mesh.name)
            return [n for n in nodes if not (self._is_shadow_pass and n.mesh.name.endswith(NO_SHADOW))]

        def _shadow_mapping_pass(self, scene: Any, light_node: Any, flags: int) -> None:
            self._is_shadow_pass = True
            super()._shadow_mapping_pass(scene, light_node, flags)
            self._is_shadow_pass = False

        def _bind_and_draw_primitive(self, primitive: Any, pose: Any, program: Any, flags: int) -> None:
            if not self._is_shadow_pass:
                super()._bind_and_draw_primitive(primitive, pose, program, flags)
                return
            program.set_uniform("M", pose)
            primitive._bind()
            gl.glDrawArraysInstanced(primitive.mode, 0, len(primitive.positions), 1)
            primitive._unbind()

        def _configure_shadow_mapping_viewport(self, light: Any, flags: int) -> None:
            super()._configure_shadow_mapping_viewport(light, flags)
            gl.glViewport(0, 0, SHADOW_PX, SHADOW_PX)

        def _get_light_cam_matrices(self, scene: Any, light_node: Any, flags: int) -> tuple[Any, Any]:
            return np.eye(4), self.shadow_views[light_node.light]

        def _update_context(self, scene: Any, flags: int) -> None:
            used = {t for mesh in scene.meshes for p in mesh.primitives for t in p.material.textures}
            for texture in used:
                if not texture._in_context():
                    texture._add_to_context()
            self._mesh_textures = used
            for light in scene.lights:
                is_directional = light in scene.directional_lights
                shadows = RenderFlags.SHADOWS_DIRECTIONAL if is_directional else RenderFlags.SHADOWS_SPOT
                if flags & shadows and light not in scene.point_lights and light.shadow_texture is None:
                    light._generate_shadow_texture(SHADOW_PX)
            super()._update_context(scene, flags)

    return Mended()
