// y = x / (1 + e^-x).

vec4 value(int texel) {
    vec4 some = four(x, texel);
    return some / (1.0 + exp(clamp(-some, -88.0, 88.0)));
}
