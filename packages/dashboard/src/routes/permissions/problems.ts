/** One problem of `permissions.yaml`, as the runtime words it: `permissions.yaml:12:3 message`. */
export interface FileProblem {
  readonly line: number | undefined;
  readonly text: string;
}

/** Reads the lines of a problem's detail; one that names no place stands without a line. */
export function problemsOf(detail: string): FileProblem[] {
  return detail
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((text) => {
      const place = /^permissions\.yaml:(\d+)(?::\d+)?/.exec(text);
      return { line: place?.[1] === undefined ? undefined : Number(place[1]), text };
    });
}
