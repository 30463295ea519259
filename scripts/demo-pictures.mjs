// The part of `./dev demo` about the sample pictures: what was drawn beside what the model says, and which are wrong.
import path from 'node:path';

/**
 * A row of the table, of the answer about one picture.
 * @param {string} picture its file @param {{file: string, digit: number}[]} expected what is drawn on each
 * @param {any} answer of POST /v1/infer
 */
export function rowOf(picture, expected, { result, executed_on: place, performance }) {
    const [best] = result.labels, name = path.basename(picture);
    const drawn = String(expected.find(({ file }) => file === name)?.digit);
    return {
        picture: name,
        drawn,
        label: best.label,
        right: best.label === drawn ? 'yes' : 'NO',
        probability: Number(best.probability.toFixed(4)),
        'executed on': `${place.browser} ${place.platform}`,
        'inference ms': Number(performance.inference_ms.toFixed(2)),
        'total ms': Number(performance.total_ms.toFixed(2)),
    };
}

/** What is said below the table of those that are wrong; null where none is. @param {ReturnType<typeof rowOf>[]} rows */
export function sayWrong(rows) {
    const wrong = rows.filter(({ right }) => right === 'NO').map(({ picture, drawn, label }) => `${picture}, a ${drawn}, is taken for a ${label}`);
    return wrong.length ? `Not all are right: ${wrong.join('; ')}. The model is small, and these pictures are its hard ones.` : null;
}
