#version 330 core
// One triangle over the whole image at the far plane, for whatever no object covers.
uniform mat4 world_from_clip;
out vec3 world_m;

void main()
{
    vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    vec4 far_point = world_from_clip * vec4(corner, 1.0, 1.0);
    world_m = far_point.xyz / far_point.w;
    gl_Position = vec4(corner, 1.0, 1.0);
}
