//! (module commands)
