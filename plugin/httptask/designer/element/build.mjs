// Builds ../static/http-task-designer*.js: the element, the panels and the dialogs (loaded when one is first needed), and the code
// that they share.
// The same lock file always gives the same bytes.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Lets `import css from "./x.css"` import the minified text of a style sheet, for `adoptedStyleSheets`. */
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
  entryPoints: { "http-task-designer": here("src/element.tsx"), "http-task-designer-panels": here("src/panels.tsx"), "http-task-designer-dialogs": here("src/dialogs.tsx") },
  // Without a hash in the name: there is only one shared module, and a second one would be an error of the build. `src/shared.ts`
  // keeps it one.
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
