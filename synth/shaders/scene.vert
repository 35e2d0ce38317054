#version 330 core
// One vertex of the scene, for the picture, the measurement (z and id) and the shadow maps.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec4 look_a;   // tint r g b (linear), gloss
layout(location = 3) in vec2 uv;       // in texture tiles
layout(location = 4) in vec2 number;   // texture layer, instance id
layout(location = 5) in vec4 look_b;   // emission, metal, cut-out, large-scale variation

uniform mat4 clip_from_world;

out vec3 world_m;
out vec3 world_normal;
out vec2 tile_uv;
flat out vec4 paint;
flat out vec4 trait;
flat out float layer;
flat out float instance;

void main()
{
    gl_Position = clip_from_world * vec4(position, 1.0);
    world_m = position;
    world_normal = normal;
    tile_uv = uv;
    paint = look_a;
    trait = look_b;
    layer = number.x;
    instance = number.y;
}
