const SUITE = /^integration\/aws\/.*\.itest\.ts$/;
const LONG_SUITE = /\.long\.itest\.ts$/;

/**
 * The suites to run, sorted: those of the short set; with `--all` the long ones too; with patterns
 * every suite, long or short, whose path contains one of them.
 *
 * @param files of the repository, relative to it.
 * @param args of the command line.
 */
export function chosenSuites(files: readonly string[], args: readonly string[]): string[] {
  const patterns = args.filter((argument) => !argument.startsWith('--'));
  const wantsLong = args.includes('--all') || patterns.length > 0;
  return files
    .filter((file) => SUITE.test(file) && (wantsLong || !LONG_SUITE.test(file)))
    .filter((file) => patterns.length === 0 || patterns.some((part) => file.includes(part)))
    .sort();
}
