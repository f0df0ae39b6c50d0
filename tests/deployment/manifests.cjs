/*
 * Judges Kubernetes objects, a JSON list on stdin, by kubernetes-models: its schemas say whether
 * values are right, its types whether there is such a name. Prints a JSON list of the lists of
 * complaints against each.
 */
"use strict";

const ts = require("typescript");

const OPERATOR = "monitoring.coreos.com/";

function moduleOf(object) {
    const home = object.apiVersion.startsWith(OPERATOR)
        ? "@kubernetes-models/prometheus-operator"
        : "kubernetes-models";
    return `${home}/${object.apiVersion}/${object.kind}`;
}

function byValues(object) {
    try {
        const Model = require(moduleOf(object))[object.kind];
        new Model(object).validate();
        return [];
    } catch (error) {
        return [error.message];
    }
}

// A program that makes each object as its type wants it, in a file that is there only for the
// compiler: a literal must not have a name that its type lacks.
function byNames(objects, complaints) {
    const name = `${__dirname}/literals.ts`;
    const text = objects
        .map((object, i) => {
            const { apiVersion, kind, ...rest } = object; // the module's own
            return `import { ${kind} as K${i} } from "${moduleOf(object)}";\n` +
                `new K${i}(${JSON.stringify(rest)});\n`;
        })
        .join("");
    const options = { noEmit: true, strict: true, skipLibCheck: true, types: [],
        module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 };
    const host = ts.createCompilerHost(options);
    const { fileExists, getSourceFile } = host;
    host.fileExists = (path) => path === name || fileExists(path);
    host.getSourceFile = (path, ...rest) => path === name
        ? ts.createSourceFile(path, text, ...rest)
        : getSourceFile(path, ...rest);
    for (const { file, start, messageText } of
        ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))) {
        const line = file.getLineAndCharacterOfPosition(start).line; // an object has two
        complaints[Math.floor(line / 2)].push(ts.flattenDiagnosticMessageText(messageText, " "));
    }
}

const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
    const objects = JSON.parse(Buffer.concat(chunks).toString());
    const complaints = objects.map(byValues);
    byNames(objects, complaints);
    process.stdout.write(JSON.stringify(complaints));
});
