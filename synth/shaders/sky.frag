#version 330 core
// The sky as the camera sees it: with clouds and the disc of the sun.
in vec3 world_m;
uniform vec3 eye;
uniform sampler2DArray bank;
uniform vec4 cloud;  // cover, scale, offset x y

layout(location = 0) out vec4 radiance;
#if !FINE
layout(location = 1) out uint name;
#endif

//include sky.glsl

void main()
{
    vec3 direction = normalize(world_m - eye);
    vec3 colour = sky(direction);
    vec2 place = direction.xy / (max(direction.z, 0.0) + 0.12) * cloud.y + cloud.zw;
    float puff = textureLod(bank, vec3(place, 0.0), 1.0).r * 0.65 + textureLod(bank, vec3(place * 3.1, 0.0), 1.0).r * 0.35;
    float cover = smoothstep(1.0 - cloud.x, 1.25 - cloud.x, puff + 0.12) * smoothstep(0.0, 0.12, direction.z);
    colour = mix(colour, sky_horizon * (0.75 + 0.6 * puff), cloud.x > 0.0 ? cover : 0.0);
    colour += sun_glow * 6.0 * pow(clamp(dot(direction, sun_direction), 0.0, 1.0), 350.0);
    radiance = vec4(colour, 0.0);
#if !FINE
    name = 0u;
#endif
}
