/** Gives a person a file that was made here. @param {string} name @param {string | Blob} content @param {string} type */
export function download(name, content, type) {
    const link = document.createElement('a'), url = URL.createObjectURL(new Blob([content], { type }));
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
