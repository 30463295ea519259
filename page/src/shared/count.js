/** How many there are of something, as people read it. Pure. */

/** What stands for an unknown value. */
export const NOTHING = '–';

/** @param {unknown} value @returns {value is number} */
export const isFigure = (value) => typeof value === 'number' && Number.isFinite(value);

/** @param {unknown} value @returns {string} with thousands apart by thin spaces */
export function count(value) {
    if (!isFigure(value)) return NOTHING;
    const [whole, part] = String(Math.abs(value) < 1e15 ? value : Math.round(value)).split('.');
    const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole;
    return part ? `${grouped}.${part}` : grouped;
}

/** @param {number} number @param {string} one @param {string} [several] */
export const many = (number, one, several = `${one}s`) => `${count(number)} ${number === 1 ? one : several}`;
