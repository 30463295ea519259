/** The command line of a bench: words of the form --NAME=VALUE. */

/** @param {string} name @param {string} [otherwise] */
export const option = (name, otherwise) => process.argv
    .map((word) => word.match(`^--${name}=(.*)$`)?.[1]).find((value) => value !== undefined) ?? otherwise;

/** What is to be measured: the parts that --only names, or all. Another name ends the program.
 * @param {string[]} all @returns {string[]} */
export function chosenParts(all) {
    const chosen = option('only')?.split(',') ?? all;
    const unknown = chosen.filter((part) => !all.includes(part));
    if (unknown.length === 0) return chosen;
    console.error(`--only=${unknown.join(',')} is nothing that this measures: `
        + `name one or more of ${all.join(', ')}, with commas between them.`);
    process.exit(2);
}
