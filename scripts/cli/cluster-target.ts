/** Flink's `-t`, `--target`: where a command goes. */
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** What may be said; undefined: nothing was. */
export type Target = 'remote' | 'local' | undefined;

/** @throws {StreamError} `BAD_ARGUMENTS` */
export function targetOf({ values }: ParsedOptions): Target {
  const given = (values.get('target') ?? values.get('executor'))?.[0];
  if (given === undefined || given === 'remote' || given === 'local') return given;
  throw badArguments(
    `The target must be remote or local: ${given} (clusters on YARN and Kubernetes are Flink's)`,
  );
}

/** Of a command that drives a cluster. @throws {StreamError} `BAD_ARGUMENTS` */
export function checkTarget(options: ParsedOptions): void {
  if (targetOf(options) !== 'local') return;
  throw badArguments('The target local is for run: this command drives a cluster, remote.');
}
