/** A copy in random order. @template T @param {T[]} list @returns {T[]} */
export const shuffled = (list) => list.map((one) => ({ one, order: Math.random() })).sort((a, b) => a.order - b.order).map(({ one }) => one);
