#!/bin/sh
# Makes sample.mp4, the clip that `watchalong serve` offers when no folder is named.
# Everything in it is computed here, so it carries nobody's copyright:
#   - a minute from dawn to dusk over hills; the sun glows once a second, with the tone;
#   - timecode and frame number in large digits, so that two screens can be compared by eye or by photo;
#   - a soft tone on each second, left on even ones and right on odd ones, a fifth higher on each tenth,
#     so that two tabs can be compared by ear.
# 960x540, 30 frames/s, H.264 High + AAC stereo, a keyframe on every second, index first (faststart).
# Needs ffmpeg with libx264 and libfreetype, and fontconfig. Takes some ten minutes. Usage: make-sample.sh [OUTPUT]
set -eu

out=${1:-$(dirname "$0")/sample.mp4}
sans=${SANS:-$(fc-match -f '%{file}' 'DejaVu Sans:bold')}
mono=${MONO:-$(fc-match -f '%{file}' 'DejaVu Sans Mono:bold')}
fps=30
seconds=60
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# Registers of the per-pixel expression: 0 x, 1 y (both 0..1), 2 how high the sun stands (0..1),
# 3 distance from the sun, 4 its glow, 5..7 how much of each row of hills covers this pixel.
scene="st(0,X/W)*0+st(1,Y/H)*0+st(2,sin(PI*T/$seconds))*0"
scene="$scene+st(3,hypot((ld(0)-0.12-0.76*T/$seconds)*16/9,ld(1)-0.60+0.42*ld(2)))*0"
scene="$scene+st(4,exp(-4.5*ld(3))*(0.75+0.45*exp(-6*mod(T,1)))+clip((0.065-ld(3))*110,0,1))*0"
scene="$scene+st(5,clip((ld(1)-0.60-0.055*sin(5*ld(0)+0.10*T)-0.030*sin(11*ld(0)+1+0.13*T))*120,0,1))*0"
scene="$scene+st(6,clip((ld(1)-0.72-0.050*sin(6*ld(0)+2+0.22*T)-0.025*sin(15*ld(0)+0.30*T))*120,0,1))*0"
scene="$scene+st(7,clip((ld(1)-0.85-0.045*sin(7*ld(0)+4+0.45*T)-0.018*sin(19*ld(0)+2+0.60*T))*120,0,1))*0"

# channel TOP TOP_DAY LOW LOW_DAY SUN FAR MIDDLE NEAR: one colour channel of sky, sun and three rows of hills.
channel() {
    sky="clip(($1+$2*ld(2))*(1-ld(1)*1.3)+($3+$4*ld(2))*ld(1)*1.3+$5*ld(4),0,255)"
    echo "$scene+((($sky*(1-ld(5))+($6+0.25*$5*ld(4))*ld(5))*(1-ld(6))+($7+0.10*$5*ld(4))*ld(6))*(1-ld(7))+$8*ld(7))"
}
red=$(channel 22 44 214 20 190 104 62 26)
green=$(channel 26 92 104 92 140 72 48 26)
blue=$(channel 78 112 112 66 60 128 96 56)

text="fontcolor=white:shadowcolor=black@0.45:shadowx=2:shadowy=2"
filter="color=black:s=320x180:r=$fps:d=$seconds,format=gbrp,geq=r='$red':g='$green':b='$blue'"
filter="$filter,scale=960:540:flags=bicubic,format=yuv420p"
filter="$filter,drawtext=fontfile='$sans':text='Watchalong sample':fontsize=34:x=40:y=34:$text"
filter="$filter,drawtext=fontfile='$mono':text='%{pts\\:hms}':fontsize=92:x=(w-tw)/2:y=370:$text"
filter="$filter,drawtext=fontfile='$mono':text='frame %{frame_num}':fontsize=40:x=370:y=470:$text"

# 440 Hz on each second, 660 Hz on each tenth, with a soft start and end; under it a quiet, breathing chord.
tone="0.30*sin(2*PI*(440+220*eq(mod(floor(t),10),0))*t)*exp(-9*mod(t,1))*(1-exp(-300*mod(t,1)))"
chord="0.018*(sin(2*PI*110*t)+sin(2*PI*164.81*t)+0.7*sin(2*PI*220*t)+0.4*sin(2*PI*277.18*t))*(0.7+0.3*sin(2*PI*t/15))"
left="$tone*(1-0.75*mod(floor(t),2))+$chord"
right="$tone*(0.25+0.75*mod(floor(t),2))+$chord"

ffmpeg -hide_banner -loglevel error -f lavfi -i "$filter" -c:v ffv1 "$work/scene.mkv"
ffmpeg -hide_banner -loglevel error -i "$work/scene.mkv" \
    -f lavfi -i "aevalsrc=exprs='$left|$right':s=48000:d=$seconds:c=stereo" \
    -map 0:v -map 1:a -map_metadata -1 \
    -c:v libx264 -profile:v high -pix_fmt yuv420p -preset veryslow -crf 27 -maxrate 380k -bufsize 760k \
    -g $fps -keyint_min $fps -sc_threshold 0 -bf 2 \
    -c:a aac -b:a 64k -ac 2 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
    -metadata title="Watchalong sample" -movflags +faststart -f mp4 -y "$work/sample.mp4"
mv "$work/sample.mp4" "$out"
