#version 330 core
// Linear radiance of a surface: Lambert plus a glossy lobe, shadow maps, ambient light from a sky-side-ground
// gradient, darkening where surfaces meet the room's planes, mirror image of the sky, haze.
//
// A software rasteriser executes both sides of every branch, so what differs between scenes is decided when
// the shader is compiled: NUM_LIGHTS, OUTDOORS (one sun over two nested shadow maps), CUT_OUT (holes), FINE (one of
// four samples of a pixel, instead of the one at its centre that also says z and id).

in vec3 world_m;
in vec3 world_normal;
in vec2 tile_uv;
flat in vec4 paint;   // tint r g b, gloss
flat in vec4 trait;   // emission, metal, cut-out, large-scale variation
flat in float layer;
flat in float instance;

uniform vec3 eye;
uniform sampler2DArray bank;
uniform sampler2DArrayShadow shadow_maps;
uniform mat4 shadow_from_world[2];
uniform float shadow_offset_m[2];

uniform vec4 light_place[NUM_LIGHTS];    // position and 1, or direction towards the light and 0
uniform vec4 light_axis[NUM_LIGHTS];     // direction in which a lamp shines, cosine of its half angle
uniform vec3 light_colour[NUM_LIGHTS];
uniform float has_shadow[NUM_LIGHTS];

uniform vec3 ambient_up;
uniform vec3 ambient_side;
uniform vec3 ambient_down;
uniform vec3 room_low_m;
uniform vec3 room_high_m;
uniform float corner_shade;
uniform float haze_per_m;
uniform float bump_m;

layout(location = 0) out vec4 radiance;  // and planar z: w of the clip coordinate, so 1 / (1 / w) is exact to float32
#if !FINE
layout(location = 1) out uint name;  // id in the lower half; looks that differ mostly differ in the upper
#endif

//include sky.glsl

// A soft kernel: two comparisons at a pixel centre, one of four at each fine sample. Each blends 2x2 texels.
float lit(vec3 place, float map, float reach)
{
#if FINE
    vec2 corner = mod(floor(gl_FragCoord.xy), 2.0) * 2.0 - 1.0;
    vec2 jitter = vec2(corner.x + 0.4 * corner.y, corner.y - 0.4 * corner.x) * reach;
    return texture(shadow_maps, vec4(place.xy + jitter, map, place.z));
#else
    vec2 step = vec2(0.8, 0.8) * reach;
    float sum = texture(shadow_maps, vec4(place.xy + step, map, place.z));
    return 0.5 * (sum + texture(shadow_maps, vec4(place.xy - step, map, place.z)));
#endif
}

vec3 project(int map, vec3 n)
{
    vec4 clip = shadow_from_world[map] * vec4(world_m + n * shadow_offset_m[map], 1.0);
    return clip.xyz / clip.w * 0.5 + 0.5;
}

float inside(vec3 place)
{
    vec3 margin = step(vec3(0.004), place) * step(place, vec3(0.996));
    return margin.x * margin.y * margin.z;
}

float shadow(int light, vec3 n)
{
#if OUTDOORS
    vec3 near_place = project(0, n), far_place = project(1, n);
    float is_near = inside(near_place);
    float texel = 1.0 / float(textureSize(shadow_maps, 0).x);
    vec3 place = mix(far_place, near_place, is_near);
    float light_share = lit(place, 1.0 - is_near, texel * (0.5 + is_near));
    return mix(1.0, light_share, has_shadow[light] * max(is_near, inside(far_place)));
#else
    if (light > 1) return 1.0;
    vec3 place = project(light, n);
    float light_share = lit(place, float(light), 1.6 / float(textureSize(shadow_maps, 0).x));
    return mix(1.0, light_share, has_shadow[light] * inside(place));
#endif
}

vec3 roughened(vec3 n, vec3 albedo)
{
    float height = bump_m * dot(albedo, vec3(0.333));
    vec3 along_x = dFdx(world_m), along_y = dFdy(world_m);
    vec3 r1 = cross(along_y, n), r2 = cross(n, along_x);
    float area = dot(along_x, r1);
    vec3 slope = sign(area) * (dFdx(height) * r1 + dFdy(height) * r2);
    return normalize(max(abs(area), 1e-12) * n - slope);
}

float openness(vec3 n)
{
#if OUTDOORS
    return 1.0 - corner_shade * exp2(-4.0 * max(world_m.z - room_low_m.z, 0.0)) * (1.0 - n.z * n.z);
#else
    // A plane does not darken itself: only surfaces that stand across it see less light beside it.
    vec3 across = 1.0 - n * n;
    vec3 low = max(world_m - room_low_m, 0.0), high = max(room_high_m - world_m, 0.0);
    vec3 shade = (1.0 - corner_shade * exp2(-4.0 * low) * across) * (1.0 - corner_shade * exp2(-4.0 * high) * across);
    return shade.x * shade.y * shade.z;
#endif
}

void main()
{
    vec4 texel = texture(bank, vec3(tile_uv, layer), -0.5);
#if CUT_OUT
    if (texel.a < 0.5) discard;
#endif
    vec3 ray = world_m - eye;
    float range_m = length(ray);
    vec3 view = -ray / range_m;
    float macro = textureLod(bank, vec3(tile_uv * 0.17 + 0.37, 0.0), 3.0).r - 0.5;
    vec3 albedo = min(texel.rgb * paint.rgb * (1.0 + 1.6 * trait.w * macro), vec3(0.92));  // nothing is whiter than snow
#if CUT_OUT
    vec3 n = normalize(world_normal);
    float gloss = paint.a;
#else
    vec3 n = roughened(normalize(world_normal), albedo);
    float gloss = paint.a * texel.a;
#endif
    float shininess = exp2(1.0 + 10.0 * gloss);
    vec3 mirror = mix(vec3(0.04), albedo, trait.y);
    vec3 matt = albedo * (1.0 - trait.y);
    float away = 1.0 - clamp(dot(n, view), 0.0, 1.0);
    vec3 fresnel = mirror + (max(vec3(gloss), mirror) - mirror) * (away * away * away * away * away);
    float open = openness(n);

    vec3 ambient = mix(ambient_side, n.z > 0.0 ? ambient_up : ambient_down, abs(n.z));
    vec3 sum = albedo * trait.x * 4.0 + matt * ambient * open + fresnel * gloss * sky(reflect(-view, n)) * open;
    for (int i = 0; i < NUM_LIGHTS; i++) {
        vec3 to_light = light_place[i].xyz - world_m * light_place[i].w;
        float inverse_m = inversesqrt(dot(to_light, to_light) + 0.05 * light_place[i].w);
        vec3 l = to_light * inverse_m;
        float nl = clamp(dot(n, l), 0.0, 1.0);
#if CUT_OUT
        nl = 0.25 + 0.75 * nl;  // light shines through leaves
#endif
        float strength = mix(1.0, inverse_m * inverse_m, light_place[i].w);
#if !OUTDOORS
        float cone = smoothstep(light_axis[i].w, light_axis[i].w + 0.35, -dot(l, light_axis[i].xyz));
        strength *= mix(1.0, cone, light_place[i].w);
#endif
        vec3 half_way = normalize(l + view);
        float peak = exp2(shininess * log2(max(dot(n, half_way), 1e-4)));
        vec3 lobe = fresnel * (gloss * (shininess + 8.0) / 25.0 * peak);
        sum += light_colour[i] * (strength * nl * shadow(i, n)) * (matt + lobe);
    }
    radiance = vec4(mix(sky_horizon, sum, exp2(-1.4427 * haze_per_m * range_m)), 1.0 / gl_FragCoord.w);
#if !FINE
    uint look = uint(dot(paint, vec4(9973.0, 7919.0, 6007.0, 3001.0)) + dot(trait, vec4(1009.0)) + 101.0 * layer);
    name = uint(instance + 0.5) | look << 16;
#endif
}
