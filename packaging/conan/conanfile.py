"""For Conan 2: `conan create packaging/conan` from a checkout. Cargo, make, gcc and Python are taken from the path."""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy


class LibluaRs(ConanFile):
    name = "liblua-rs"
    version = "5.2.4"
    description = "Drop-in replacement of liblua 5.2, written in Rust"
    license = "MIT"
    topics = ("lua", "scripting", "interpreter")
    settings = "os", "arch", "compiler", "build_type"
    package_type = "library"
    options = {"shared": [True, False], "cxx": [True, False]}
    default_options = {"shared": False, "cxx": False}

    def validate(self):
        if self.settings.os != "Linux" or self.settings.arch not in ("x86_64", "armv8"):
            raise ConanInvalidConfiguration("liblua-rs runs on 64-bit Linux")

    def package_id(self):
        # The interface is C: neither the compiler of the host nor how it builds matters.
        del self.info.settings.compiler
        del self.info.settings.build_type

    def export_sources(self):
        top = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("Cargo.*", "build.rs", "LICENSE", "Makefile", "rust-toolchain.toml", "src/*", "include/*", "programs/*",
                        "xtask/*", "benches/*", "rust/*", "tools/*", "packaging/*"):
            copy(self, pattern, top, self.export_sources_folder)

    def build(self):
        self.run('make -C "%s" BUILD="%s/build" TARGET="%s/target" lib headers-built' % (
            self.source_folder, self.build_folder, self.build_folder))

    def package(self):
        built = os.path.join(self.build_folder, "build")
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.h*", os.path.join(built, "include"), os.path.join(self.package_folder, "include"))
        flavour = "-c++" if self.options.cxx else ""
        kind = "so*" if self.options.shared else "a"
        copy(self, "liblua5.2%s.%s" % (flavour, kind), os.path.join(built, "lib"), os.path.join(self.package_folder, "lib"))

    def package_info(self):
        flavour = "-c++" if self.options.cxx else ""
        self.cpp_info.libs = ["lua5.2" + flavour]
        self.cpp_info.set_property("pkg_config_name", "lua5.2" + flavour)
        self.cpp_info.set_property("cmake_file_name", "liblua-rs")
        self.cpp_info.set_property("cmake_target_name", "liblua-rs::lua" + flavour)
        if not self.options.shared:
            self.cpp_info.system_libs = ["m", "dl"]
