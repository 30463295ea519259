// What several kernels use. The page puts it, and what the table of kernels says of the tensors, before each kernel:
// a tensor is a texture by its name, of four of its elements a texel, in rows of WIDTH texels, 2 to the power of WIDTH_BITS,
// by which software adapters shift sooner than they divide; `call` has the sizes by their names, a shape's leading "*" as
// `lead`, then the options, and the part from `begin` to `end` of the dimension that is gone over. A kernel's function makes
// one texel; under the name of what it makes it finds what the draw before has made of it, where `begin` is above 0.

const float LOWEST = -3.4028234e38;

vec4 four(sampler2D tensor, int texel) {
    return texelFetch(tensor, ivec2(texel & (WIDTH - 1), texel >> WIDTH_BITS), 0);
}

float at(sampler2D tensor, int i) {
    return four(tensor, i >> 2)[i & 3];
}

// Four elements from i on.
vec4 from(sampler2D tensor, int i) {
    if ((i & 3) == 0) {
        return four(tensor, i >> 2);
    }
    return vec4(at(tensor, i), at(tensor, i + 1), at(tensor, i + 2), at(tensor, i + 3));
}

// A texel, of a function of one element.
#define FOUR_OF(one, texel) vec4(one(4 * (texel)), one(4 * (texel) + 1), one(4 * (texel) + 2), one(4 * (texel) + 3))

float sum_of(vec4 parts) {
    return parts.x + parts.y + parts.z + parts.w;
}

// By its bits: compilers may take it that no number is NaN.
bvec4 are_nan(vec4 x) {
    return greaterThan(floatBitsToUint(x) & 0x7fffffffu, uvec4(0x7f800000u));
}

float infinity() {
    return uintBitsToFloat(0x7f800000u);
}

float not_a_number() {
    return uintBitsToFloat(0x7fc00000u);
}

// The error function by Abramowitz and Stegun, 7.1.26: within 1.5e-7.
vec4 erf_of(vec4 x) {
    vec4 size = abs(x);
    vec4 t = 1.0 / (1.0 + 0.3275911 * size);
    vec4 sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    vec4 value = 1.0 - sum * exp(-size * size);
    return mix(value, -value, lessThan(x, vec4(0.0)));
}
