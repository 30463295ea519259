/** Numbers of a normal distribution, as weights of trained layers nearly are; the same each time.
 * @param {number} count @param {number} scale @param {number} [seed] */
export function draw(count, scale, seed = 1) {
    const numbers = new Float32Array(count);
    let state = seed;
    const uniform = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return (state + 1) / (2 ** 32 + 1);
    };
    for (let i = 0; i < count; i++) numbers[i] = scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return numbers;
}
