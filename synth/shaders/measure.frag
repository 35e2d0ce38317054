#version 330 core
// Planar z and instance id, exactly at the pixel centre: w of the clip coordinate is z, so 1 / (1 / w) is exact
// to float32 and needs no depth buffer arithmetic.
in vec2 tile_uv;
flat in vec4 trait;
flat in float layer;
flat in float instance;
uniform sampler2DArray bank;

layout(location = 0) out float z_m;
layout(location = 1) out uint id;

void main()
{
    if (trait.z > 0.5 && texture(bank, vec3(tile_uv, layer), -0.5).a < 0.5) discard;
    z_m = 1.0 / gl_FragCoord.w;
    id = uint(instance + 0.5);
}
