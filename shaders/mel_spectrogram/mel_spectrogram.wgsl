// The spectrogram of samples[*, t] at mel frequencies: y[*, mels, frames], as table.c says it. `scratch` has the cosine and
// the sine of each part of a turn, of which a window has n; then each window folded; then the power of each frame at each
// bin; then the largest y of each sound.

const TURN = 6.2831853;

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn turns(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.n) {
        scratch[2u * i] = cosine(i, call.n);
        scratch[2u * i + 1u] = cosine((4u * i + 3u * call.n) % (4u * call.n), 4u * call.n);
    }
}

// cos(2π · part / all), of an angle of a quarter of a turn at most, which is symmetric about a half, and a quarter but for
// its sign. Adapters need not compute it so well.
fn cosine(part: u32, all: u32) -> f32 {
    let fold = min(part, all - part);
    let is_far = 4u * fold > all;
    let angle = TURN * f32(select(2u * fold, all - 2u * fold, is_far)) / f32(2u * all);
    let square = angle * angle;
    var sum = 1.0 - square / 182.0;
    sum = 1.0 - square / 132.0 * sum;
    sum = 1.0 - square / 90.0 * sum;
    sum = 1.0 - square / 56.0 * sum;
    sum = 1.0 - square / 30.0 * sum;
    sum = 1.0 - square / 12.0 * sum;
    sum = 1.0 - square / 2.0 * sum;
    return select(sum, -sum, is_far);
}

// The sums of samples that are as far from the beginning of a window as from its end, which have the same cosine, and the
// differences, which have opposite sines.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn fold(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i >= call.lead * call.frames * call.n || i % call.n > call.n / 2u) {
        return;
    }
    let frame = i / call.n;
    let j = i % call.n;
    let one = windowed(frame, j);
    var other = 0.0;
    if (j > 0u && 2u * j != call.n) {
        other = windowed(frame, call.n - j);
    }
    let place = folded() + frame * (call.n + 2u) + 2u * j;
    scratch[place] = one + other;
    scratch[place + 1u] = one - other;
}

fn folded() -> u32 {
    return 2u * call.n;
}

fn powers() -> u32 {
    return folded() + call.lead * call.frames * (call.n + 2u);
}

// Where the power of a frame at a bin lies: bins of a frame beside each other, or frames at a bin (BY_BIN).
fn power_at(frame: u32, bin: u32) -> u32 {
    return powers() + select(frame * call.bins + bin, bin * call.lead * call.frames + frame, BY_BIN == 1u);
}

fn peaks() -> u32 {
    return powers() + call.lead * call.frames * call.bins;
}

// Sample j of the window of a frame; beyond its ends the sound is reflected.
fn windowed(frame: u32, j: u32) -> f32 {
    let place = i32(frame % call.frames * u32(call.hop) + j) - i32(call.n / 2u);
    let back = 2 * (i32(call.t) - 1);
    let there = abs(place) % max(back, 1);
    return samples[frame / call.frames * call.t + u32(min(there, back - there))] * window[j];
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn power(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i >= call.lead * call.frames * call.bins) {
        return;
    }
    let frame = select(i / call.bins, i % (call.lead * call.frames), BY_BIN == 1u);
    let bin = select(i % call.bins, i / (call.lead * call.frames), BY_BIN == 1u);
    let place = folded() + frame * (call.n + 2u);
    let step = bin % call.n;
    var angle = 0u;
    var parts = vec2<f32>();
    for (var j = 0u; j < min(call.n / 2u + 1u, call.n); j++) {
        parts += vec2<f32>(scratch[place + 2u * j], scratch[place + 2u * j + 1u])
            * vec2<f32>(scratch[2u * angle], scratch[2u * angle + 1u]);
        angle += step;
        angle -= select(0u, call.n, angle >= call.n);
    }
    scratch[powers() + i] = dot(parts, parts);
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn mel(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i >= call.lead * call.mels * call.frames) {
        return;
    }
    let filter_row = i / call.frames % call.mels * call.bins;
    let frame = i / (call.frames * call.mels) * call.frames + i % call.frames;
    var sum = 0.0;
    for (var bin = 0u; bin < call.bins; bin++) {
        sum += filters[filter_row + bin] * scratch[power_at(frame, bin)];
    }
    y[i] = log2(max(sum, 1e-10)) * 0.301029996;
}

@compute @workgroup_size(LANES)
fn peak(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let sound = call.first + group.x;
    let place = peaks() + sound;
    var most = select(LOWEST, scratch[place], call.begin > 0u);
    for (var i = call.begin + local; i < call.end; i += LANES) {
        most = max(most, y[sound * call.mels * call.frames + i]);
    }
    most = largest(local, most);
    if (local == 0u) {
        scratch[place] = most;
    }
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    if (i < call.lead * call.mels * call.frames) {
        let sound = i / (call.mels * call.frames);
        let most = scratch[peaks() + sound];
        y[i] = max(y[i], most - 8.0) / 4.0 + 1.0;
    }
}
