# nix-build packaging/nix: the library, its headers and the programs. In an overlay it can take the place of lua5_2.
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation {
  pname = "liblua-rs";
  version = "0.1.0";
  src = pkgs.lib.cleanSource ../..;

  cargoDeps = pkgs.rustPlatform.importCargoLock { lockFile = ../../Cargo.lock; };
  nativeBuildInputs = [
    pkgs.cargo
    pkgs.rustc
    pkgs.rustPlatform.cargoSetupHook
    pkgs.python3
  ];

  postPatch = "patchShebangs tools packaging c-examples";
  makeFlags = [ "PREFIX=$(out)" ];
  # It is stripped already, in the way that its weak names need.
  dontStrip = true;
  enableParallelBuilding = true;
  doCheck = true;
  checkPhase = "c-examples/run build";

  meta = {
    description = "Drop-in replacement of liblua 5.2, written in Rust";
    license = pkgs.lib.licenses.mit;
    platforms = [ "x86_64-linux" "aarch64-linux" ];
    mainProgram = "lua";
  };
}
