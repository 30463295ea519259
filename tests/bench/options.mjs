/** The command line of a bench: words of the form --NAME=VALUE. */

/** @param {string} name @param {string} [otherwise] */
export const option = (name, otherwise) => process.argv
    .map((word) => word.match(`^--${name}=(.*)$`)?.[1]).find((value) => value !== undefined) ?? otherwise;

/** What --NAME=A,B,… names of these, in its order, or all. Another name ends the program.
 * @param {string} name @param {string[]} all @returns {string[]} */
export function chosenOf(name, all) {
    const chosen = option(name)?.split(',') ?? all;
    const unknown = chosen.filter((one) => !all.includes(one));
    if (unknown.length === 0) return chosen;
    console.error(`--${name}=${unknown.join(',')} is nothing that this measures: `
        + `name one or more of ${all.join(', ')}, with commas between them.`);
    process.exit(2);
}

/** What is to be measured: the parts that --only names, or all. @param {string[]} all */
export const chosenParts = (all) => chosenOf('only', all);
