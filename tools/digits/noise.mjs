// What spoils a picture. The kinds of the first table are used in training; those of the second are
// kept for the test. Each takes a picture of values from 0 to 1 and changes it in place.

import { SIZE } from './render.mjs';

/** @typedef {(p: Float64Array, random: import('./random.mjs').Random) => void} Noise */

/** @type {Record<string, Noise>} */
export const trainingNoise = {
    none() {},
    gaussian(p, random) {
        const sigma = random.between(0.02, 0.2);
        for (let i = 0; i < p.length; i++)
            p[i] += sigma * random.normal();
    },
    saltAndPepper(p, random) {
        const share = random.between(0.01, 0.1);
        for (let i = 0; i < p.length; i++) {
            if (random.uniform() < share)
                p[i] = random.uniform() < 0.5 ? 0 : 1;
        }
    },
    blur(p, random) {
        const strength = random.between(0.3, 1);
        const q = p.slice();
        for (let y = 1; y < SIZE - 1; y++) {
            for (let x = 1; x < SIZE - 1; x++) {
                let sum = 0;
                for (let dy = -1; dy <= 1; dy++)
                    for (let dx = -1; dx <= 1; dx++)
                        sum += q[(y + dy) * SIZE + x + dx];
                p[y * SIZE + x] = (1 - strength) * q[y * SIZE + x] + (strength * sum) / 9;
            }
        }
    },
    scratch(p, random) {
        for (let n = 0; n < 2; n++) {
            const level = random.uniform();
            const angle = random.between(0, 2 * Math.PI);
            let [x, y] = [random.between(0, SIZE), random.between(0, SIZE)];
            for (let step = 0; step < 24; step++) {
                if (x >= 0 && y >= 0 && x < SIZE && y < SIZE)
                    p[Math.floor(y) * SIZE + Math.floor(x)] = level;
                x += Math.cos(angle);
                y += Math.sin(angle);
            }
        }
    },
};

/** @type {Record<string, Noise>} */
export const testNoise = {
    speckle(p, random) {
        const sigma = random.between(0.1, 0.4);
        for (let i = 0; i < p.length; i++)
            p[i] *= 1 + sigma * random.normal();
    },
    gradient(p, random) {
        const angle = random.between(0, 2 * Math.PI);
        const strength = random.between(0.1, 0.35);
        for (let i = 0; i < p.length; i++) {
            const [x, y] = [(i % SIZE) / SIZE - 0.5, Math.floor(i / SIZE) / SIZE - 0.5];
            p[i] += strength * 2 * (x * Math.cos(angle) + y * Math.sin(angle));
        }
    },
    stripes(p, random) {
        const period = 3 + Math.floor(random.between(0, 4));
        const strength = random.between(0.1, 0.3);
        const vertical = random.uniform() < 0.5;
        for (let i = 0; i < p.length; i++) {
            if ((vertical ? i % SIZE : Math.floor(i / SIZE)) % period === 0)
                p[i] += strength;
        }
    },
    blocks(p, random) {
        for (let n = 0; n < 4; n++) {
            const [x0, y0] = [Math.floor(random.between(0, 26)), Math.floor(random.between(0, 26))];
            const level = random.uniform();
            for (let y = y0; y < y0 + 3 && y < SIZE; y++)
                for (let x = x0; x < x0 + 3 && x < SIZE; x++)
                    p[y * SIZE + x] = level;
        }
    },
    pixelate(p) {
        for (let y = 0; y < SIZE; y += 2) {
            for (let x = 0; x < SIZE; x += 2) {
                const cells = [y * SIZE + x, y * SIZE + x + 1, (y + 1) * SIZE + x, (y + 1) * SIZE + x + 1];
                const mean = cells.reduce((sum, cell) => sum + p[cell], 0) / 4;
                for (const cell of cells)
                    p[cell] = mean;
            }
        }
    },
};
