#version 330 core
// Depth only; leaves (CUT_OUT) let light through.
in vec2 tile_uv;
flat in float layer;
uniform sampler2DArray bank;

void main()
{
#if CUT_OUT
    if (texture(bank, vec3(tile_uv, layer), -0.5).a < 0.5) discard;
#endif
}
