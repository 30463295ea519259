// y = x where x is positive, else 0. NaN stays NaN.

vec4 value(int texel) {
    vec4 some = four(x, texel);
    return mix(max(some, 0.0), some, are_nan(some));
}
