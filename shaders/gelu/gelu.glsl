// y = x · Φ(x) with the error function, as ONNX's Gelu without an approximation.

vec4 value(int texel) {
    vec4 some = four(x, texel);
    return 0.5 * some * (1.0 + erf_of(some * 0.707106781));
}
