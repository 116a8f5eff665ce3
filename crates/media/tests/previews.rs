//! What the seek bar shows: chapters, and pictures that are of the moment that they stand for.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::{Command, Stdio};

use support::studio::bytes;
use support::{Place, all_probed, clip};
use watchalong_media::{ChapterKind, Library, PreviewGrid, Previews, Tools};

const SECONDS: f64 = 250.0;

/// How much brighter the picture is with each second.
const BRIGHTER: f64 = 0.8;

/// A film whose brightness tells the time, with chapters.
fn brightening(place: &Place) {
    let chapters = place.dir.path().join("chapters.txt");
    let mark = |from: u32, to: u32, title: &str| {
        format!("[CHAPTER]\nTIMEBASE=1/1\nSTART={from}\nEND={to}\ntitle={title}\n")
    };
    let text = [
        mark(0, 30, "Opening"),
        mark(30, 240, "A long\u{202e} story"),
        mark(240, 250, "End Credits"),
    ];
    fs::write(&chapters, format!(";FFMETADATA1\n{}", text.concat())).unwrap();
    let picture =
        format!("nullsrc=s=64x36:r=5:d={SECONDS},geq=lum='16+{BRIGHTER}*T':cb=128:cr=128");
    let film = place.film("Bright.mkv");
    let options = [
        &[
            "-f",
            "lavfi",
            "-i",
            &picture,
            "-i",
            chapters.to_str().unwrap(),
        ][..],
        &["-map", "2:v", "-map_metadata", "3", "-map_chapters", "3"],
        &[
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-g",
            "10",
            "-pix_fmt",
            "yuv420p",
        ],
    ]
    .concat();
    clip(&film, 1.0, &options);
}

/// The brightness of a sheet's pictures in the middle of each, 0 to 255.
fn brightness(sheet: &[u8], grid: &PreviewGrid) -> Vec<f64> {
    let (width, height) = (grid.width * grid.columns, grid.height * grid.rows);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sheet.jpg");
    fs::write(&path, sheet).unwrap();
    let ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i", path.to_str().unwrap()])
        .args(["-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(ffmpeg.stdout.len() as u32, width * height, "its size");
    let middle = |n: u32| {
        let x = n % grid.columns * grid.width + grid.width / 2;
        let y = n / grid.columns * grid.height + grid.height / 2;
        f64::from(ffmpeg.stdout[(y * width + x) as usize])
    };
    (0..grid.columns * grid.rows).map(middle).collect()
}

#[tokio::test]
async fn pictures_are_of_their_moment_and_chapters_have_their_names() {
    let place = Place::new();
    brightening(&place);
    let library = Library::open(place.config()).await.unwrap();
    let medium = all_probed(&library, 1).await.remove(0);
    let told: Vec<_> = medium
        .chapters
        .iter()
        .map(|chapter| (chapter.start, chapter.title.as_str(), chapter.kind()))
        .collect();
    assert_eq!(
        told,
        [
            (0.0, "Opening", Some(ChapterKind::Intro)),
            (30.0, "A long story", None),
            (240.0, "End Credits", Some(ChapterKind::Credits)),
        ]
    );

    let grid = PreviewGrid::of(&medium).unwrap();
    assert_eq!((grid.step, grid.count, grid.sheets()), (1.0, 250, 3));
    assert_eq!((grid.width, grid.height), (192, 108));
    let folder = place.dir.path().join("previews");
    let previews = Previews::open(folder.clone(), Tools::find());
    let file = library.open_media(&medium.id).await.unwrap();
    for number in 0..3 {
        let sheet = previews.sheet(&medium, &file, number).await.unwrap();
        let sheet = bytes(sheet.expect("it can be made")).await;
        let shown = brightness(&sheet, &grid);
        for (place, grey) in shown.iter().enumerate() {
            let wanted = f64::from(number) * 100.0 + place as f64;
            if wanted >= 250.0 {
                break;
            }
            // From studio to full range, and back to a time.
            let seconds = grey * 219.0 / 255.0 / BRIGHTER;
            assert!(
                (seconds - wanted).abs() < 4.0,
                "the picture of {wanted} s is of {seconds:.1} s"
            );
        }
    }
    assert!(previews.sheet(&medium, &file, 3).await.unwrap().is_none());
    // What was made once is there after a restart, also where nothing can be made any more.
    let later = Previews::open(folder, Tools::none());
    assert!(later.sheet(&medium, &file, 2).await.unwrap().is_some());
    assert!(!later.on());
}
