// What the element and its panels share. The dialogs import all of it, so that the build puts it into one shared module: it fails
// if something is missing here.
import "./expression-text";
import "./form-body";
import "./panel-sheet";
import "./parts";
import "./runs";
import "./suggested";
import "./task-credentials";
import "./task-edits";
import "./task-title";
import "./trying";
import "./validation";
