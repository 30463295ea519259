// y[*, c, height, width] = (x[*, h, w, c] in another size · factor - mean[c]) / deviation[c]. The middle of a pixel of y lies
// between the middles of up to four of x, which count the more the nearer they are; where it lies is counted in whole
// numbers. A picture without pixels is taken for zeros.

// Where the middle of a pixel lies, in parts of a pixel of `before` of which `to` are half of one.
int halves(int i, int before, int to) {
    return max(0, (2 * i + 1) * before - to);
}

float row_of(int picture, int row, int across, int channel) {
    int first = (picture * call.h + min(row, call.h - 1)) * call.w;
    int left = min(across / (2 * call.width), call.w - 1);
    int right = min(left + 1, call.w - 1);
    float share = float(across % (2 * call.width)) / float(2 * call.width);
    return mix(at(x, (first + left) * call.c + channel), at(x, (first + right) * call.c + channel), share);
}

float one(int i) {
    int channel = i / (call.height * call.width) % call.c;
    int picture = i / (call.height * call.width * call.c);
    int down = halves(i / call.width % call.height, call.h, call.height);
    int across = halves(i % call.width, call.w, call.width);
    float pixel = 0.0;
    if (call.h > 0 && call.w > 0) {
        int row = down / (2 * call.height);
        float share = float(down % (2 * call.height)) / float(2 * call.height);
        pixel = mix(row_of(picture, row, across, channel), row_of(picture, row + 1, across, channel), share);
    }
    return (pixel * call.factor - at(mean, channel)) / at(deviation, channel);
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
