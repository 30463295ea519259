// y[*, c, height, width] = (x[*, h, w, c] in another size · factor - mean[c]) / deviation[c]. The middle of a pixel of y lies
// between the middles of up to four of x, which count the more the nearer they are; where it lies is counted in whole
// numbers. A picture without pixels is taken for zeros.

// An invocation for each element of y: one channel after the other.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    let pixels = call.height * call.width;
    if (i < call.lead * call.c * pixels) {
        y[i] = element(i / (pixels * call.c), i % pixels, i / pixels % call.c);
    }
}

// An invocation for each pixel, which goes over its channels.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn pixels(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = item(group.x, local, GROUP);
    let count = call.height * call.width;
    if (i >= call.lead * count) {
        return;
    }
    for (var channel = call.begin; channel < call.end; channel++) {
        y[(i / count * call.c + channel) * count + i % count] = element(i / count, i % count, channel);
    }
}

// Of picture `one` the element of a channel at a pixel.
fn element(one: u32, pixel: u32, channel: u32) -> f32 {
    let down = halves(pixel / call.width, call.h, call.height);
    let across = halves(pixel % call.width, call.w, call.width);
    let upper = row_of(one, down / (2u * call.height), across, channel);
    let lower = row_of(one, down / (2u * call.height) + 1u, across, channel);
    let mixed = mix(upper, lower, f32(down % (2u * call.height)) / f32(2u * call.height));
    return (mixed * call.factor - mean[channel]) / deviation[channel];
}

// Where the middle of a pixel lies, in parts of a pixel of `before` of which `to` are half of one.
fn halves(at: u32, before: u32, to: u32) -> u32 {
    return u32(max(0, i32((2u * at + 1u) * before) - i32(to)));
}

fn row_of(one: u32, row: u32, across: u32, channel: u32) -> f32 {
    if (call.h == 0u || call.w == 0u) {
        return 0.0;
    }
    let from_row = (one * call.h + min(row, call.h - 1u)) * call.w;
    let left = min(across / (2u * call.width), call.w - 1u);
    let right = min(left + 1u, call.w - 1u);
    return mix(x[(from_row + left) * call.c + channel], x[(from_row + right) * call.c + channel],
        f32(across % (2u * call.width)) / f32(2u * call.width));
}
