// Radiance of the sky, and of the ground below the horizon, without clouds.
uniform vec3 sky_zenith;
uniform vec3 sky_horizon;
uniform vec3 sky_ground;
uniform vec3 sun_direction;
uniform vec3 sun_glow;

vec3 sky(vec3 direction)
{
    float up = clamp(direction.z, 0.0, 1.0);
    vec3 colour = mix(sky_horizon, sky_zenith, up * (2.0 - up));
    colour = mix(colour, sky_ground, smoothstep(0.0, -0.12, direction.z));
    float towards_sun = clamp(dot(direction, sun_direction), 0.0, 1.0);
    float wide = towards_sun * towards_sun * towards_sun;
    return colour + sun_glow * (0.25 * wide * wide);
}
