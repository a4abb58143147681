# For Homebrew on Linux; the library does not run on macOS yet.
class LibluaRs < Formula
  desc "Drop-in replacement of liblua 5.2, written in Rust"
  homepage "@REPOSITORY@"
  url "@REPOSITORY@/archive/v0.1.0.tar.gz"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "rust" => :build
  depends_on "python@3.13" => :build
  depends_on "binutils" => :build
  depends_on :linux

  keg_only "it has the names of Lua 5.2"

  def install
    system "make", "all"
    system "make", "-s", "install", "PREFIX=#{prefix}"
  end

  test do
    assert_match "liblua-rs", shell_output("#{bin}/lua -v")
    (testpath/"host.c").write <<~C
      #include <lauxlib.h>
      int main(void) { return luaL_newstate() == 0; }
    C
    system ENV.cc, "host.c", "-o", "host", "-I#{include}/lua5.2", "-L#{lib}", "-llua5.2", "-Wl,-rpath,#{lib}"
    system "./host"
  end
end
