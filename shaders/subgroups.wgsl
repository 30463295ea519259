// As lanes.wgsl, for adapters with subgroups: the invocations of each subgroup go over all numbers together. Which of a
// workgroup's invocations are one subgroup, and how many, makes no difference.

fn total(local: u32, share: f32) -> f32 {
    share_out(local, share);
    let together = subgroupAdd(1u);
    var sum = 0.0;
    for (var i = subgroupExclusiveAdd(1u); i < LANES; i += together) {
        sum += shares[i];
    }
    return subgroupAdd(sum);
}

fn largest(local: u32, share: f32) -> f32 {
    share_out(local, share);
    let together = subgroupAdd(1u);
    var most = LOWEST;
    for (var i = subgroupExclusiveAdd(1u); i < LANES; i += together) {
        most = max(most, shares[i]);
    }
    return subgroupMax(most);
}
