// Of the numbers of a workgroup's invocations the sum and the largest, which each invocation finds by itself.

fn total(local: u32, share: f32) -> f32 {
    share_out(local, share);
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
        sum += shares[i];
    }
    return sum;
}

fn largest(local: u32, share: f32) -> f32 {
    share_out(local, share);
    var most = LOWEST;
    for (var i = 0u; i < LANES; i++) {
        most = max(most, shares[i]);
    }
    return most;
}
