// d = a · b + c, element by element.

vec4 value(int texel) {
    return four(a, texel) * four(b, texel) + four(c, texel);
}
