declare module 'parse-prometheus-text-format' {
  interface PrometheusFamily {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly {
      readonly value?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly quantiles?: Readonly<Record<string, string>>;
      readonly count?: string;
    }[];
  }
  const parse: (text: string) => PrometheusFamily[];
  export = parse;
}
