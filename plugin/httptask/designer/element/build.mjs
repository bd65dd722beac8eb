// Builds ../static/http-task-designer*.js, the same bytes from the same lock file: the element, what is loaded when it is
// first needed, and what both share.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** `import css from "./x.css"` gives the minified text, for an adopted style sheet. */
const styleText = {
  name: "style-text",
  setup(on) {
    on.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true, target: "esnext" });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

await build({
  entryPoints: { "http-task-designer": here("src/element.tsx"), "http-task-designer-panels": here("src/panels.tsx") },
  // One module is shared; a second one of this name would be an error.
  chunkNames: "http-task-designer-shared",
  outdir: process.argv[2] ?? here("../static"),
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  banner: { js: "/*! Apache-2.0; holds Preact, MIT, (c) Jason Miller */" },
  legalComments: "none",
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: [here("src/jsx.ts")],
  tsconfigRaw: "{}",
  plugins: [styleText],
  logLevel: "warning",
});
