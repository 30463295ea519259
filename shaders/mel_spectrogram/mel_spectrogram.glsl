// The spectrogram of samples[*, t] at mel frequencies: y[*, mels, frames], as table.c says it. `turns` has the cosine and the
// sine of each part of a turn, of which a window has n; `folded` each window; `powers` the power of each frame at each bin;
// `peaks` the largest y of each sound.

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

// Sample j of the window of a frame; beyond its ends the sound is reflected.
float windowed(int frame, int j) {
    int place = abs(frame % call.frames * int(call.hop) + j - call.n / 2);
    int back = 2 * (call.t - 1);
    int there = place % max(back, 1);
    return at(samples, frame / call.frames * call.t + min(there, back - there)) * at(window, j);
}

// The sum of samples that are as far from the beginning of a window as from its end, which have the same cosine, and the
// difference, which has opposite sines.
vec4 fold(int i) {
    int frame = i / call.n;
    int j = i % call.n;
    if (j > call.n / 2) {
        return vec4(0.0);
    }
    float other = j > 0 && 2 * j != call.n ? windowed(frame, call.n - j) : 0.0;
    return windowed(frame, j) + vec4(other, -other, 0.0, 0.0);
}

vec4 power(int i) {
    int place = i / call.bins * call.n;
    int angle = 0;
    vec2 parts = vec2(0.0);
    int count = min(call.n / 2 + 1, call.n);
    int by = count > 0 ? i % call.bins % call.n : 0;
    for (int j = 0; j < count; j++) {
        parts += four(folded, place + j).xy * four(turns, angle).xy;
        angle += by;
        angle -= angle >= call.n ? call.n : 0;
    }
    return vec4(dot(parts, parts));
}

float mel_of(int i) {
    int filter_row = i / call.frames % call.mels * call.bins;
    int frame = i / (call.frames * call.mels) * call.frames + i % call.frames;
    float sum = 0.0;
    for (int bin = 0; bin < call.bins; bin++) {
        sum += at(filters, filter_row + bin) * four(powers, frame * call.bins + bin).x;
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
