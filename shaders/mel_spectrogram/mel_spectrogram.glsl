// The spectrogram of samples[*, t] at mel frequencies: y[*, mels, frames], as table.c says it. `turns` has the cosine and the
// sine of each part of a turn, of which a window has n; `powers` the power of each frame at each bin; `peaks` the largest y
// of each sound.

const float TURN = 6.2831853;

// cos(2π · part / all), of an angle of a quarter of a turn at most, which is symmetric about a half, and a quarter but for
// its sign. Adapters need not compute it so well.
float cosine(int part, int all) {
    int fold = min(part, all - part);
    bool is_far = 4 * fold > all;
    float angle = TURN * float(is_far ? all - 2 * fold : 2 * fold) / float(2 * all);
    float square = angle * angle;
    float sum = 1.0 - square / 182.0;
    sum = 1.0 - square / 132.0 * sum;
    sum = 1.0 - square / 90.0 * sum;
    sum = 1.0 - square / 56.0 * sum;
    sum = 1.0 - square / 30.0 * sum;
    sum = 1.0 - square / 12.0 * sum;
    sum = 1.0 - square / 2.0 * sum;
    return is_far ? -sum : sum;
}

vec4 turn(int i) {
    return vec4(cosine(i, call.n), cosine((4 * i + 3 * call.n) % (4 * call.n), 4 * call.n), 0.0, 0.0);
}

// Which of t samples stands there, reflected at the first and the last.
int reflected(int place) {
    int back = 2 * (call.t - 1);
    int there = abs(place) % max(back, 1);
    return min(there, back - there);
}

float power_of(int i) {
    int sound = i / (call.frames * call.bins) * call.t;
    int first = i / call.bins % call.frames * int(call.hop) - call.n / 2;
    int angle = 0;
    vec2 parts = vec2(0.0);
    for (int j = 0; j < call.n; j++) {
        parts += at(samples, sound + reflected(first + j)) * at(window, j) * four(turns, angle).xy;
        angle = (angle + i % call.bins) % call.n;
    }
    return dot(parts, parts);
}

vec4 power(int texel) {
    return FOUR_OF(power_of, texel);
}

float mel_of(int i) {
    int filter_row = i / call.frames % call.mels * call.bins;
    int frame = i / (call.frames * call.mels) * call.frames + i % call.frames;
    float sum = 0.0;
    for (int bin = 0; bin < call.bins; bin++) {
        sum += at(filters, filter_row + bin) * at(powers, frame * call.bins + bin);
    }
    return log2(max(sum, 1e-10)) * 0.301029996;
}

vec4 mel(int texel) {
    return FOUR_OF(mel_of, texel);
}

vec4 peak(int sound) {
    float most = call.begin > 0 ? four(peaks, sound).x : LOWEST;
    for (int i = call.begin; i < call.end; i++) {
        most = max(most, at(y, sound * call.mels * call.frames + i));
    }
    return vec4(most, 0.0, 0.0, 0.0);
}

float one(int i) {
    return max(at(y, i), four(peaks, i / (call.mels * call.frames)).x - 8.0) / 4.0 + 1.0;
}

vec4 value(int texel) {
    return FOUR_OF(one, texel);
}
