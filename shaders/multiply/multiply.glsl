// c = a · b, element by element.

vec4 value(int texel) {
    return four(a, texel) * four(b, texel);
}
