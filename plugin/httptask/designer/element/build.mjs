// Builds ../static/http-task-designer.js: one ES module, the same bytes from the same lock file.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const NOTICE = "/*! Apache-2.0; holds Preact, MIT, (c) Jason Miller */\n";

/** Our own names for what is kept inside: in no JSON, no storage and no DOM, so they may be one letter long. */
const OWN = `formVersion workflowId focusWanted picking endpointFailure openWorkflow openTask keepNow cancelling shownProblems samplesOf
  secretsOf settled goToProblem toClipboard settingsKey opening commit touched validating loadCredentials expandLink kids isNull
  placesFor places showAll openKey carriedOver takeKept overwriteBroken stopPicking isUnsaved redraw keepHistory switchTheme
  validateSoon described masker slot store own ranges onChoose onClose noted flow holder wide onRemove onAdd titled onToggle
  working remember texts dirty option say opened nodes kept ended edit pick free look restore outputs draft cancel copy reload stop take start count
  level chosen tabs small label icon ending root run tab history base config inside save search testRequest broken shadow onTheme loading conflict notice results saving failure listeners settle running validation fire shown stale errors changed`;

/** `import css from "./x.css"` gives the minified text, for an adopted style sheet; its own properties have short names. */
const styleText = {
  name: "style-text",
  setup(on) {
    on.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true, target: "esnext" });
      const names = [...new Set(code.match(/--[a-z]+/g))];
      const short = code.replace(/--[a-z]+/g, (name) => `--${names.indexOf(name).toString(36)}`);
      return { contents: short.replace(/([:,]) /g, "$1").trim(), loader: "text" };
    });
  },
};

const { outputFiles } = await build({
  entryPoints: [here("src/element.tsx")],
  write: false,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: [here("src/jsx.ts")],
  tsconfigRaw: "{}",
  mangleProps: new RegExp(`^(${OWN.trim().replace(/\s+/g, "|")})$`),
  plugins: [styleText],
  logLevel: "warning",
});
// esbuild bundles, terser writes shorter code: three per cent of what a page has to load.
const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2022, compress: { passes: 3, unsafe: true, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false }, format: { comments: false } });
// One keyword for both packs better; nothing is assigned twice, the types were checked.
const packed = code.replace(/\bconst (?=[\w$[{])/g, "let ");
await writeFile(process.argv[2] ?? here("../static/http-task-designer.js"), NOTICE + packed + "\n");
